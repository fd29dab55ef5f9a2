"""Jobs and what they leave: store, queue, worker."""
