internal import Secrets
@testable internal import TokenWire

extension Door {
    /// The line protocol, from a client's bytes to a request and back.
    static let line = Door(name: "line") { bytes in
        var input = Input(bytes)
        let (pattern, stop, isTrusted) = (input.byte(), Int(input.byte() % 8), input.byte() % 2 == 1)
        // a small limit, so that small inputs reach it
        let limit = pattern % 2 == 0 ? 64 : LineReader.limit
        let whole = Heard(input.pieces(0), limit, stoppingAfterEach: 0, mayBeLong: isTrusted)
        let cut = Heard(input.pieces(pattern), limit, stoppingAfterEach: stop, mayBeLong: isTrusted)
        must(whole.lines == cut.lines && whole.isOver == cut.isOver, "lines are the same however their bytes arrive")
        must(whole.hasPartial == cut.hasPartial, "an unfinished line is known however its bytes arrive")
        must(whole.longest < LineReader.longLimit && (isTrusted || whole.longest < limit), "no line is longer than its limit")
        for line in whole.lines.prefix(16) { line.withUnsafeBytes { checkLine($0) } }
    }
}

/// What a reader of lines made of a stream.
private struct Heard {
    var lines: [[UInt8]] = []
    var isOver = false
    var hasPartial = false
    var longest: Int { lines.map(\.count).max() ?? 0 }

    /// `stop`: after so many lines the caller wants no more for the moment; 0 is never.
    init(_ pieces: [UnsafeRawBufferPointer], _ limit: Int, stoppingAfterEach stop: Int, mayBeLong: Bool) {
        var reader = LineReader(limit: limit)
        var count = 0
        let take = { (event: LineEvent, heard: inout Heard) -> Bool in
            switch event {
            case .line(let line): heard.lines.append(Array(line))
            case .tooLong: heard.isOver = true
            }
            count += 1
            return stop == 0 || count % stop != 0
        }
        for piece in pieces {
            reader.feed(piece, mayBeLong: { _ in mayBeLong }) { take($0, &self) }
            while reader.hasUnread, !reader.isOver {
                reader.feed(UnsafeRawBufferPointer(start: nil, count: 0), mayBeLong: { _ in mayBeLong }) { take($0, &self) }
            }
            must(reader.keptCount <= LineReader.longLimit, "no more is kept than the longest line")
        }
        must(reader.isOver == isOver, "a reader that is over has said so")
        hasPartial = !isOver && reader.hasPartial
    }
}

private func checkLine(_ line: UnsafeRawBufferPointer) {
    switch Request.parse(line) {
    case .success(let request): checkRoundTrip(request)
    case .failure(let refusal):
        must(refusal.text.isPrintableASCII && refusal.text.utf8.count <= 200, "a refusal of a line is printable and short")
        checkReply(.refused(refusal), code: refusal.code)
    }
}

/// What was understood is written as a line that means the same.
private func checkRoundTrip(_ request: Request) {
    let buffer = SecretBuffer()
    do throws(Refusal) { try request.write(to: buffer) } catch { must(false, "a request that was read can be written: \(error.text)") }
    buffer.withBytes { line in
        must(line.last == 0x0A && !line.dropLast().contains(0x0A), "a request is one line")
        guard case .success(let again) = Request.parse(UnsafeRawBufferPointer(rebasing: line.dropLast())) else {
            return must(false, "a request that was written can be read")
        }
        must(again == request, "a request means the same when it is written and read again")
    }
}

func checkReply(_ reply: Reply, code: RefusalCode? = nil) {
    let buffer = SecretBuffer()
    reply.write(to: buffer)
    buffer.withBytes { bytes in
        must(bytes.last == 0x0A, "a reply ends with a line feed")
        for line in bytes.dropLast().split(separator: 0x0A, omittingEmptySubsequences: false) {
            must(line.count < LineReader.longLimit, "no reply line is longer than 65,536 bytes")
            must(String(decoding: line, as: UTF8.self).isPlain, "no reply line has a control character")
        }
        guard let code, case .refused(let refusal) = ReplyLine(UnsafeRawBufferPointer(rebasing: bytes.dropLast())) else {
            return must(code == nil, "a refusal that was written can be read")
        }
        must(refusal.code == code, "a refusal keeps its code")
    }
}
