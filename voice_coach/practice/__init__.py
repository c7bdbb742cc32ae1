"""Practice by day: which words suit this person's voice, and does the microphone hear them?

The course is what is asked, the lesson asks it, the report says what came of it. Nothing of the
person's voice is kept unless they ask for it.
"""
