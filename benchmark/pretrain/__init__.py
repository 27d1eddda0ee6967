"""Making the embedded CLIP: `python -m benchmark.pretrain --out FOLDER`."""
