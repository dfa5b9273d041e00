"""What can exist: types of sites, spaces, views, gateways and devices, their points and relations, from YAML."""
