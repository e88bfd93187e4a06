"""The decision plane's rules: a closed policy language, its checks, its evaluators, its versions."""
