"""What stands between the desk and the network: headers, hosts, sizes, forged requests, sessions, limits."""
