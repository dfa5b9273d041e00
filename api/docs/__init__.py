"""Documentation made from the code: OpenAPI, AsyncAPI, and a page for people that needs nothing from elsewhere."""
