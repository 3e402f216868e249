/// The HTML pages for people. They need no script.
enum Page {
    static func signIn(returnTo: String, login: String, application: String, problem: String?) -> Reply {
        let trouble = problem.map { "<p role=\"alert\">\(escaped($0))</p>\n" } ?? ""
        return reply(
            "Sign in",
            """
            \(trouble)<p>Sign in to go on to <b>\(escaped(application))</b>.</p>
            <form id="sign-in" method="post" action="/id/account/login">
            <input type="hidden" name="ReturnUrl" value="\(escaped(returnTo))">
            <p><label>User <input name="username" value="\(escaped(login))" autocomplete="username" autofocus></label></p>
            <p><label>Password <input name="password" type="password" autocomplete="current-password"></label></p>
            <p><button name="button" value="login">Sign in</button> <button name="button" value="cancel">Cancel</button></p>
            </form>
            """)
    }

    static func consent(returnTo: String, login: String, application: String, scopes: [String]) -> Reply {
        let list = scopes.map { "<li>\(escaped($0))</li>" }.joined()
        return reply(
            "Consent",
            """
            <p>\(escaped(login)), may <b>\(escaped(application))</b> have this?</p>
            <ul>\(list)</ul>
            <form id="consent" method="post" action="/id/consent">
            <input type="hidden" name="ReturnUrl" value="\(escaped(returnTo))">
            <p><button name="button" value="yes">Allow</button> <button name="button" value="no">Refuse</button></p>
            </form>
            """)
    }

    /// The form that posts a response to the application (OAuth 2.0 Form Post Response Mode).
    static func formPost(_ fields: Form, to address: String) -> Reply {
        let inputs = fields.fields.map { "<input type=\"hidden\" name=\"\(escaped($0.name))\" value=\"\(escaped($0.value))\">\n" }.joined()
        return reply(
            "One moment",
            """
            <form id="answer" method="post" action="\(escaped(address))">
            \(inputs)<noscript><p><button>Continue</button></p></noscript>
            </form>
            """, onLoad: "document.forms[0].submit()")
    }

    static func signOut(fields: Form) -> Reply {
        let inputs = fields.fields.map { "<input type=\"hidden\" name=\"\(escaped($0.name))\" value=\"\(escaped($0.value))\">\n" }.joined()
        return reply(
            "Sign out",
            """
            <p>Would you like to sign out?</p>
            <form id="sign-out" method="post" action="/id/connect/endsession">
            \(inputs)<p><button name="button" value="yes">Sign out</button></p>
            </form>
            """)
    }

    static func device(userCode: String, problem: String?) -> Reply {
        let trouble = problem.map { "<p role=\"alert\">\(escaped($0))</p>\n" } ?? ""
        return reply(
            "Connect a device",
            """
            \(trouble)<form id="device" method="post" action="/id/device">
            <p><label>Code <input name="user_code" value="\(escaped(userCode))"></label></p>
            <p><label>User <input name="username" autocomplete="username"></label></p>
            <p><label>Password <input name="password" type="password" autocomplete="current-password"></label></p>
            <p><button name="button" value="yes">Allow</button> <button name="button" value="no">Refuse</button></p>
            </form>
            """)
    }

    static func deviceDone(_ text: String) -> Reply { reply("Connect a device", "<p>\(escaped(text))</p>") }

    static var signedOut: Reply { reply("Signed out", "<p>You are signed out.</p>") }

    static func problem(_ code: String, _ text: String) -> Reply {
        var reply = reply("Error", "<p>\(escaped(text))</p>\n<p>Code: <code id=\"error\">\(escaped(code))</code></p>", status: 400)
        reply.problem = code
        return reply
    }

    private static func reply(_ title: String, _ content: String, onLoad: String? = nil, status: Int = 200) -> Reply {
        let script = onLoad.map { " onload=\"\($0)\"" } ?? ""
        let html = """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>\(title)</title></head>
            <body\(script)>
            <h1>\(title)</h1>
            \(content)
            </body></html>

            """
        let headers = [
            Request.Header("Content-Type", "text/html; charset=UTF-8"), Request.Header("Cache-Control", "no-store"),
            Request.Header("X-Frame-Options", "DENY"),
        ]
        return Reply(status: status, headers: headers, body: .bytes(Array(html.utf8)))
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.append(character)
            }
        }
    }
}
