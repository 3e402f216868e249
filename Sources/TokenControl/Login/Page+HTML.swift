/// Text as HTML may hold it.
enum HTML {
    static func escape(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

extension Page {
    /// The whole response. It allows the browser nothing but its one style sheet, known by its hash.
    func response(about name: String) -> [UInt8] {
        let page = Array(html(about: HTML.escape(name)).utf8)
        var head = "HTTP/1.1 \(status)\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: \(page.count)\r\n"
        if case .wrongMethod(let allowed) = self { head += "Allow: \(allowed)\r\n" }
        return Array((head + Page.guards + "\r\n").utf8) + page
    }

    /// Sends the browser on; with 303 a form that it posted becomes a question.
    static func redirect(to place: String, status: String = "303 See Other") -> [UInt8] {
        Array("HTTP/1.1 \(status)\r\nLocation: \(place)\r\nContent-Length: 0\r\n\(guards)\r\n".utf8)
    }

    private static let guards =
        "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n"
        + "Content-Security-Policy: default-src 'none'; style-src '\(styleHash)'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
        + "Connection: close\r\n"

    private func html(about name: String) -> String {
        let text = paragraphs(about: name).map { "<p>\($0)</p>" }.joined()
        return """
            <!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">\
            <meta name="color-scheme" content="light dark"><title>\(title)</title><style>\(Page.style)</style></head>\
            <body><main class="\(tone.rawValue)">\(symbol)<h1>\(title)</h1>\(text)<footer>tokend · \(name)</footer></main></body></html>

            """
    }

    private var symbol: String {
        let stroke =
            switch tone {
            case .good: "M15 24.5l6.2 6.2L33 18"
            case .ask: "M18.5 19.5a5.5 5.5 0 1 1 8 4.9c-1.7.9-2.5 1.9-2.5 3.6v.5M24 33.5v.1"
            case .bad: "M17.5 17.5l13 13M30.5 17.5l-13 13"
            }
        return """
            <svg viewBox="0 0 48 48" width="48" height="48" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="3" \
            stroke-linecap="round" stroke-linejoin="round"><circle cx="24" cy="24" r="21"/><path d="\(stroke)"/></svg>
            """
    }

    private static let style = """
        :root{color-scheme:light dark;--back:#f3f4f6;--card:#fff;--line:#d9dce1;--text:#1d2129;--faint:#646b78;--good:#187a43;--ask:#8a5a00;--bad:#b3261e}\
        @media (prefers-color-scheme:dark){:root{--back:#14161a;--card:#1e2127;--line:#343942;--text:#e7e9ee;--faint:#9aa1ae;--good:#5fcf8e;--ask:#f0b95a;--bad:#f28b82}}\
        *{box-sizing:border-box}\
        body{margin:0;min-height:100vh;display:flex;align-items:center;justify-content:center;padding:24px;background:var(--back);color:var(--text);\
        font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}\
        main{width:100%;max-width:30rem;padding:clamp(24px,7vw,38px) clamp(22px,7vw,42px) 24px;background:var(--card);border:1px solid var(--line);border-radius:12px}\
        svg{display:block;margin:0 0 20px}\
        .good svg{color:var(--good)}.ask svg{color:var(--ask)}.bad svg{color:var(--bad)}\
        h1{margin:0 0 12px;font-size:1.5rem;line-height:1.25;font-weight:600}\
        p{margin:0 0 8px;overflow-wrap:anywhere}\
        code{font:.9em ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}\
        footer{margin-top:28px;padding-top:14px;border-top:1px solid var(--line);color:var(--faint);font-size:.85rem;overflow-wrap:anywhere}
        """

    /// The SHA-256 of the style sheet, as a content security policy names it.
    private static let styleHash: StaticString = "sha256-7cQRePPsEsr/nwBCIvdJ+svS7dG9wFf7sSSySbMkOBI="
}
