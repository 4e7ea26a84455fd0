"""The pages that customers see: plain HTML, no script."""
