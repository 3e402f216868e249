internal import Keys

extension Identity {
    /// `keys`, `keys rotate`, `keys announce`, `keys sign KID`, `keys remove KID`, `keys unpublished [fetches=N]`
    mutating func keysVerb(_ line: ControlLine) throws -> JSON {
        try line.allowOptions("fetches")
        switch (line.words.first, line.words.count) {
        case (nil, _): return ["keys": .array(keys.entries.map(\.json))]
        case ("rotate", 1): return ["kid": .string(try keys.rotate(to: .generate()))]
        case ("announce", 1): return ["kid": .string(keys.announce(try .generate()))]
        case ("unpublished", 1):
            return ["kid": .string(try keys.signUnpublished(.generate(), fetches: line.number("fetches")))]
        case ("sign", 2): try keys.sign(with: line.words[1])
        case ("remove", 2): try keys.remove(line.words[1])
        default: throw ControlError("keys, keys rotate, keys announce, keys sign KID, keys remove KID, or keys unpublished [fetches=N]")
        }
        return [:]
    }
}

extension KeyRing.Entry {
    package var json: JSON {
        ["kid": .string(kid), "phase": .string(phase.rawValue), "published": .boolean(hiddenFetches == 0)]
    }
}
