internal import TokenWire

/// What `tokend --version` and the User-Agent say.
nonisolated package let tokendVersion = Release.version
