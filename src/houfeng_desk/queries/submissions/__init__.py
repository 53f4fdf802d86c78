"""What reporters have sent: when, how good, what is late or missing; inside the scope of whoever looks."""
