"""The daily CSV files of Mux Data: listing, downloading and parsing them."""
