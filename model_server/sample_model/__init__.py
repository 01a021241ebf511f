"""A demonstration model that counts objects in rendered pictures of warehouse bins."""
