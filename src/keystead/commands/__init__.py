"""Commands that name an action and its parameters: for the command line and for the console's Cloud Shell alike."""
