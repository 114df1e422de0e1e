"""`python -m interfaces.documentation`: write the documents that are made from the code."""

from pathlib import Path

from interfaces.documentation import write

if __name__ == "__main__":
    for name in write(Path(__file__).parents[2]) or ["nothing"]:
        print(f"changed: {name}")
