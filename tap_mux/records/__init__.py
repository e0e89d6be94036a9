"""What becomes of an answer: records in the form of their schema, and the messages for them."""
