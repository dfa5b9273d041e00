"""Who may see and do what: clients and their secrets, tokens and what they prove, scopes and sites."""
