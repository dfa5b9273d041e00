"""The web: GraphQL, REST and OAuth2 over one engine. It knows the engine; the engine does not know it."""
