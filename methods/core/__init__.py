"""What methods are made of: runs side by side, prompts, optimiser, evaluation."""
