"""`anthropic` in its words for Vertex: the model in the path, and the revision in the body."""

import anthropic

from clients.anthropic_messages import Messages


class Client(Messages):
    def __init__(self, name, base, key):
        self.sdk = anthropic.AnthropicVertex(
            base_url=f"{base}/v1",
            region="europe-west4",
            project_id="house-1",
            access_token=key,
            max_retries=0,
            timeout=120,
        )
