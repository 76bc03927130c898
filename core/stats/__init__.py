"""What the Overview and Preview screens count."""
