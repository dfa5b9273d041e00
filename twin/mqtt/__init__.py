"""MQTT 3.1.1 and 5: the packets, the endpoint that devices publish to, and a client that publishes."""
