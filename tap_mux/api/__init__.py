"""One request to Mux: signed, held to the rate limit, tried again, decoded."""
