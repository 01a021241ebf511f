"""A private bucket behind a distribution, for a page whose scripts ask one API."""

import pulumi

from components.static_site import StaticSite

site = StaticSite("site", {"url_template": "https://{domain}", "connect_sources": ["https://api.example.com"]})
pulumi.export("bucket", site.bucket_name)
pulumi.export("url", site.url)
