"""External issuers: the tokens of other OpenID Connect providers, taken beside our own or instead of them."""
