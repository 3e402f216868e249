/// The first line and the headers of what a browser sent, understood as far as a sign-in needs it.
struct RequestHead {
    enum Method { case get, post, other }

    /// Why it is not answered as asked.
    enum Fault: Error { case malformed, headTooLong, bodyTooLong, noLength }

    /// The most bytes of a first line with its headers.
    static let longestHead = 32 * 1024
    /// The most bytes of a form: with its login id it still fits a line of the protocol.
    static let longestBody = 60 * 1024

    let method: Method
    let path: String
    /// Where the query stands in the bytes; empty when there is none.
    let query: Range<Int>
    let host: String
    /// Where the body stands in the bytes once it is there.
    let body: Range<Int>

    /// `head` ends with an empty line.
    init(_ head: UnsafeRawBufferPointer) throws(Fault) {
        var lines = try RequestHead.lines(head)[...]
        guard let first = lines.popFirst() else { throw .malformed }
        let words = head[first].split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard words.count == 3, words[1].first == UInt8(ascii: "/"), words[2].starts(with: "HTTP/1.".utf8) else { throw .malformed }
        method = RequestHead.method(words[0])
        let mark = words[1].firstIndex(of: UInt8(ascii: "?")) ?? words[1].endIndex
        path = String(decoding: words[1][..<mark], as: UTF8.self)
        query = min(mark + 1, words[1].endIndex)..<words[1].endIndex
        let headers = try Headers(head, lines)
        guard let host = headers.host else { throw .malformed }
        self.host = host
        let length = try headers.bodyLength(method)
        guard length <= RequestHead.longestBody else { throw .bodyTooLong }
        body = head.count..<head.count + length
    }

    private static func method(_ word: Slice<UnsafeRawBufferPointer>) -> Method {
        if word.elementsEqual("GET".utf8) { return .get }
        if word.elementsEqual("POST".utf8) { return .post }
        return .other
    }

    /// The places of the lines, each ended by CR LF, without the empty one at the end.
    private static func lines(_ head: UnsafeRawBufferPointer) throws(Fault) -> [Range<Int>] {
        var lines: [Range<Int>] = []
        var start = 0
        while let end = head[start...].firstIndex(of: 0x0D) {
            guard end + 1 < head.count, head[end + 1] == 0x0A else { throw .malformed }
            guard head[start..<end].allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else { throw .malformed }
            if end > start { lines.append(start..<end) }
            start = end + 2
        }
        return lines
    }
}

/// The headers that matter here. A browser sends each of them once.
private struct Headers {
    private(set) var host: String?
    private var length: Int?
    private var isChunked = false

    init(_ head: UnsafeRawBufferPointer, _ lines: ArraySlice<Range<Int>>) throws(RequestHead.Fault) {
        for line in lines {
            guard let colon = head[line].firstIndex(of: UInt8(ascii: ":")), colon > line.lowerBound else { throw .malformed }
            let name = String(decoding: head[line.lowerBound..<colon], as: UTF8.self).lowercased()
            switch name {
            case "host":
                guard host == nil else { throw .malformed }
                host = Headers.value(head, colon + 1..<line.upperBound)
            case "content-length":
                let digits = Headers.value(head, colon + 1..<line.upperBound)
                guard length == nil, !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }) else { throw .malformed }
                length = Int(digits) ?? .max
            case "transfer-encoding": isChunked = true
            default: continue
            }
        }
    }

    func bodyLength(_ method: RequestHead.Method) throws(RequestHead.Fault) -> Int {
        guard !isChunked else { throw .noLength }
        switch method {
        case .post:
            guard let length else { throw .noLength }
            return length
        case .get, .other: return 0
        }
    }

    private static func value(_ head: UnsafeRawBufferPointer, _ place: Range<Int>) -> String {
        let blank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        var value = head[place].drop(while: blank)
        while let last = value.last, blank(last) { value = value.dropLast() }
        return String(decoding: value, as: UTF8.self)
    }
}
