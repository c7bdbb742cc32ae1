"""The ear: microphone blocks in, recognised phrases out. The only room that knows Vosk."""
