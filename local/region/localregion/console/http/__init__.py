"""The console's side of HTTP: who may ask, what a body may be, how answers look, the page's files."""
