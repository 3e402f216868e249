/// What HELLO, `tokend --version` and the User-Agent say.
nonisolated package let tokendVersion = "0.1.0"
