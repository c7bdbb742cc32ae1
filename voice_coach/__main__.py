"""`python -m voice_coach` is the command `voice-coach`."""

import sys

from voice_coach.cli import main

sys.exit(main())
