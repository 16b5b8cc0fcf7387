"""What providers offer beside chat."""


def find(dialect, method, path):
    return None
