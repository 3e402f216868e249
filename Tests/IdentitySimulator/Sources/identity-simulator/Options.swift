/// The command line.
struct Options {
    /// 0 chooses a free port.
    var port = 0
    var folder = ""
    /// Addresses to listen on; empty is loopback.
    var addresses: [String] = []
    /// Additional names in the certificate.
    var names: [String] = []
    var database = "DEMO PROD"
    /// Seconds.
    var accessTTL = 3600
    /// Additional redirect URIs of interactive applications.
    var redirectURIs: [String] = []
    var endsWithStdin = false

    static let usage = """
        usage: identity-simulator --port N --dir DIR [--access-ttl S] [--listen ADDR]... [--name HOST]...
                                  [--redirect-uri URI]... [--database NAME] [--until-stdin-ends]
        """

    init(_ arguments: [String]) throws(UsageError) {
        var rest = arguments[...]
        while let flag = rest.popFirst() {
            switch flag {
            case "--port": port = try Self.number(flag, &rest, 0...65_535)
            case "--dir": folder = try Self.value(flag, &rest)
            case "--access-ttl": accessTTL = try Self.number(flag, &rest, 1...86_400_000)
            case "--listen": addresses.append(try Self.value(flag, &rest))
            case "--name": names.append(try Self.value(flag, &rest))
            case "--redirect-uri": redirectURIs.append(try Self.value(flag, &rest))
            case "--database": database = try Self.value(flag, &rest)
            case "--until-stdin-ends": endsWithStdin = true
            default: throw UsageError(description: "unknown argument \"\(flag)\"")
            }
        }
        guard !folder.isEmpty else { throw UsageError(description: "--dir is missing") }
    }

    private static func value(_ flag: String, _ rest: inout ArraySlice<String>) throws(UsageError) -> String {
        guard let value = rest.popFirst() else { throw UsageError(description: "\(flag) needs a value") }
        return value
    }

    private static func number(
        _ flag: String, _ rest: inout ArraySlice<String>, _ range: ClosedRange<Int>
    ) throws(UsageError) -> Int {
        let text = try value(flag, &rest)
        guard let number = Int(text), range.contains(number) else {
            throw UsageError(description: "\(flag) takes \(range.lowerBound) to \(range.upperBound), not \"\(text)\"")
        }
        return number
    }
}

struct UsageError: Error, CustomStringConvertible {
    let description: String
}
