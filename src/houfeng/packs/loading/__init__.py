"""From a folder of YAML to a bound pack, with every problem and its place."""
