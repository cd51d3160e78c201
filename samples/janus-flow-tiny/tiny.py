"""What janus-flow-tiny shares with janus-tiny: its world, reader, tokenizer and optimiser, imported from the folder beside."""
import sys
from pathlib import Path

HERE = Path(__file__).parent
JANUS_TINY = HERE.parent / "janus-tiny"
sys.path.append(str(JANUS_TINY))
