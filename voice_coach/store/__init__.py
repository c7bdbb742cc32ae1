"""Speech models from elsewhere: the official list, downloads, and the folder they end up in.

    index -> download -> unpack -> install -> models/NAME

Only ``voice-coach model install`` and ``model list --online`` come here for anything but the
names of what is installed; nothing else in the program opens a network connection.
"""
