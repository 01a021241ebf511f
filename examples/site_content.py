"""The page, in a bucket that exists already."""

from components.site_content import SiteContent

SiteContent(
    "page",
    {
        "bucket_name": "example-pages",
        "directory": "site",
        "config": {
            "apiUrl": "https://api.example.com/predict",
            "title": "Cat or dog?",
            "answerTemplate": "This looks like a {label}",
            "labels": ["cat", "dog"],
            "samples": [{"label": "a cat", "url": "https://www.example.com/cat.jpg"}],
            "translations": {},
            "imageSize": 448,
            "maxImageBytes": 4_000_000,
        },
    },
)
