"""Whether links answer, and whether the DNS says that a domain's mail comes from us.

Pages never wait for the network: the clock asks, and writes down what it heard.
"""
