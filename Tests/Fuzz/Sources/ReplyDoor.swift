internal import Codecs
internal import Secrets
@testable internal import OAuth
@testable internal import TokenWire
@testable internal import TokenControl

extension Door {
    /// What a false or broken daemon may say to tokenctl, up to what is printed of it.
    static let reply = Door(name: "reply") { bytes in
        var input = Input(bytes)
        let pattern = input.byte()
        let whole = replies(input.pieces(0))
        let cut = replies(input.pieces(pattern))
        must(whole == cut, "replies are the same however their bytes arrive")
        for line in input.rest.split(separator: 0x0A, omittingEmptySubsequences: false) where line.count < LineReader.longLimit {
            checkLine(UnsafeRawBufferPointer(rebasing: line))
        }
    }
}

/// The lines by what they are.
private func replies(_ pieces: [UnsafeRawBufferPointer]) -> [String] {
    var reader = ReplyReader()
    var lines: [String] = []
    for piece in pieces {
        reader.feed(piece) { line in
            switch line {
            case .row(let body): lines.append("+ \(body.text)")
            case .ok(let body): lines.append("OK \(body.text)")
            case .refused(let refusal): lines.append("ERR \(refusal)")
            case .malformed: lines.append("")
            }
            return true
        }
    }
    return lines
}

private func checkLine(_ line: UnsafeRawBufferPointer) {
    for place in [ReplyLine.rangeOfToken(in: line), ReplyLine.rangeOfHeader(in: line)].compactMap(\.self) {
        must(place.lowerBound >= 3 && place.upperBound <= line.count && !place.isEmpty, "what is printed of a line lies in it")
        must(line[place].text.isPrintableASCII, "what is printed of a line has no control character")
    }
    switch ReplyLine(line) {
    case .row(let body), .ok(let body): checkBody(body)
    case .refused(let refusal): must(refusal.sentence.isPlain, "a refusal is printed without control characters")
    case .malformed: break
    }
    _ = try? Verdict(ReplyLine(line))
}

private func checkBody(_ body: ReplyBody) {
    if let token = body.token {
        must(token.token.isBearerToken, "only a bearer token is taken for one")
        must("\(RelativeTime(token.expires, now: 1_790_000_000))".isPrintableASCII, "a time is printable")
    }
    guard let row = try? TokenRow(body) else { return }
    let json = [row].json
    must(json.hasSuffix("\n") && json.dropLast().utf8.allSatisfy { $0 >= 0x20 }, "JSON is one line")
    guard case .success = JSONObject.read(Secret("{\"rows\":\(json)}")) else { return must(false, "what is printed as JSON is JSON") }
    let table = Table(rows: [row.keys, row.keys.map { row.fields.first($0) ?? "" }]).description
    must(table.split(separator: "\n", omittingEmptySubsequences: false).allSatisfy { String($0).isPlain }, "a table has no control characters")
}

extension Slice<UnsafeRawBufferPointer> {
    fileprivate var text: String { String(decoding: self, as: UTF8.self) }
}
