import Testing
@testable import TokenConfiguration

/// What is written stands from line 7 on; `scopes` is on the line after it.
struct SignInProblemTests {
    private static let redirect = "redirect_uri = \"http://127.0.0.1:53177/callback\"\n"
    private static let allow = "allow = [ { user = \"alice\", login = true } ]"

    private func problems(
        _ lines: String, scopes: String = "[\"openid\", \"read\", \"offline_access\"]", allow: String = allow, secret: String = ""
    ) throws -> [String] {
        let house = try ConfigurationHouse()
        try house.write(
            "apps.d/portal.toml",
            """
            issuer = "https://id.example.com"
            [client]
            id = "app"
            \(secret)
            [token.user]
            grant = "authorization_code"
            \(lines)
            scopes = \(scopes)
            \(allow)
            """)
        return house.problems()
    }

    private static let example = "\"http://127.0.0.1:53177/callback\""

    @Test func `a sound sign-in has no problems, with a secret or without`() throws {
        #expect(try problems(Self.redirect) == [])
        #expect(try problems(Self.redirect, secret: "secret = { credential = \"portal-secret\" }") == [])
    }

    // MARK: where the answer comes to

    @Test(arguments: [
        ("", "must not be empty"),
        ("/callback", "must be an absolute http or https address such as \(example); a scheme of a program's own is not supported"),
        ("localhost:8080/cb", "must be an absolute http or https address such as \(example); a scheme of a program's own is not supported"),
        ("com.example.app:/cb", "must be an absolute http or https address such as \(example); a scheme of a program's own is not supported"),
        ("erp://cb", "must be an absolute http or https address such as \(example); a scheme of a program's own is not supported"),
        ("http:/127.0.0.1:1234/", "must be an absolute http or https address such as \(example); a scheme of a program's own is not supported"),
        ("http://127.0.0.1:53177/#x", "has a fragment; write it as it is registered, such as \(example)"),
        ("http://u:hunter2@127.0.0.1:53177/", "has a user name; write it as it is registered, such as \(example)"),
        ("http://127.0.0.1:0/", "has no usable port; write it as it is registered, such as \(example)"),
        ("http://127.0.0.1:65536/", "has no usable port; write it as it is registered, such as \(example)"),
        ("http://127.0.0.1:/", "has no usable port; write it as it is registered, such as \(example)"),
        ("http://127.0.0.1:5000/a b", "has a character that is not permitted in a URL; write it as it is registered, such as \(example)"),
        ("http://127.0.0.1:5000/*é", "has a character that is not permitted in a URL; write it as it is registered, such as \(example)"),
        ("http://127.0.0.1:5000/a/../b", "has a '.' or '..' in its path; write it as it is registered, such as \(example)"),
        ("http://127.1:5000/", "has no usable host; write it as it is registered, such as \(example)"),
        (
            "http://127.0.0.1/callback",
            "has no port; register a fixed one from 1024 to 65535, such as \(example): tokenctl listens there, and servers compare the address to the letter"
        ),
        (
            "http://[::1]/callback",
            "has no port; register a fixed one from 1024 to 65535, such as \(example): tokenctl listens there, and servers compare the address to the letter"
        ),
        (
            "http://app.example.com:5000/",
            "http is for this machine alone (127.0.0.1 or [::1]), or others could read the code; write an address such as \(example)"
        ),
        ("http://127.0.0.2:5000/", "http is for this machine alone (127.0.0.1 or [::1]), or others could read the code; write an address such as \(example)"),
        ("http://0.0.0.0:5000/", "http is for this machine alone (127.0.0.1 or [::1]), or others could read the code; write an address such as \(example)"),
        ("http://[0:0::1]:5000/", "http is for this machine alone (127.0.0.1 or [::1]), or others could read the code; write an address such as \(example)"),
        (
            "http://localhost.example.com:5000/",
            "http is for this machine alone (127.0.0.1 or [::1]), or others could read the code; write an address such as \(example)"
        ),
    ])
    func `LOOP-13 a redirect URI is exact, absolute and safe`(address: String, problem: String) throws {
        #expect(try problems("redirect_uri = \"\(address)\"") == ["portal.toml:7: token.user.redirect_uri: \(problem)"])
        #expect(try problems("redirect_uri = [\"\(address)\"]") == ["portal.toml:7: token.user.redirect_uri[0]: \(problem)"])
        #expect(
            try problems(Self.redirect + "post_logout_redirect_uri = \"\(address)\"") == ["portal.toml:8: token.user.post_logout_redirect_uri: \(problem)"])
    }

    @Test(arguments: [
        "http://127.0.0.1:53177/callback", "http://[::1]:53177/callback", "http://127.0.0.1:1024", "http://127.0.0.1:65535/a?tenant=1&x=%20",
        "HTTP://127.0.0.1:5000/",
    ])
    func `LOOP-01 LOOP-04 a loopback address with a fixed port is as it should be`(address: String) throws {
        #expect(try problems("redirect_uri = \"\(address)\"") == [])
        #expect(try problems("redirect_uri = \"\(address)\"\nresponse_type = \"code id_token\"") == [])
        #expect(try problems(Self.redirect + "post_logout_redirect_uri = \"\(address)\"") == [])
    }

    @Test func `LOOP-01 localhost is taken with a warning`() throws {
        let text =
            "\"localhost\" is a name, and may be looked up to another address than the one tokenctl listens on; "
            + "register the literal 127.0.0.1 or [::1] where the server allows it"
        #expect(try problems("redirect_uri = \"http://LocalHost:53177/cb\"") == ["portal.toml:7: warning: token.user.redirect_uri: \(text)"])
        #expect(
            try problems(Self.redirect + "post_logout_redirect_uri = \"http://localhost:53177/bye\"") == [
                "portal.toml:8: warning: token.user.post_logout_redirect_uri: \(text)"
            ])
    }

    @Test(arguments: [
        ("https://app.example.com/callback", "tokenctl cannot listen at an https address"),
        ("https://127.0.0.1:53177/callback", "tokenctl cannot listen at an https address"),
        ("http://127.0.0.1:80/callback", "a person's programs may not listen below port 1024"),
        ("http://[::1]:1023/callback", "a person's programs may not listen below port 1024"),
    ])
    func `where nothing can listen the answer must be pasted, which a form cannot be`(address: String, why: String) throws {
        #expect(
            try problems("redirect_uri = \"\(address)\"") == [
                "portal.toml:7: warning: token.user.redirect_uri: \(why), so the answer must be pasted (tokenctl login --paste); "
                    + "register an address such as \(Self.example) to be spared that"
            ])
        #expect(
            try problems("redirect_uri = \"\(address)\"\nresponse_type = \"code id_token\"") == [
                "portal.toml:7: token.user.redirect_uri: \(why), and an answer to \"code id_token\" cannot be pasted: it is a form; "
                    + "write response_type = \"code\", or register an address such as \(Self.example)"
            ])
        #expect(try problems(Self.redirect + "post_logout_redirect_uri = \"\(address)\"") == [], "nothing need be taken up after a sign-out")
    }

    @Test(arguments: [
        ("", "5: token.user.redirect_uri: is missing; write it as it is registered, such as redirect_uri = \(example)"),
        ("redirect_uri = []", "7: token.user.redirect_uri: must not be empty; name at least one registered address"),
        ("redirect_uri = 5", "7: token.user.redirect_uri: must be a string or an array of strings, not a number"),
        ("redirect_uri = {}", "7: token.user.redirect_uri: must be a string or an array of strings, not a table"),
        ("redirect_uri = [5]", "7: token.user.redirect_uri[0]: must be a string, not a number"),
        ("redirect_uri = [\(example),\n\(example)]", "8: token.user.redirect_uri[1]: is listed twice"),
        ("redirect_uris = [\(example)]\nredirect_uri = \(example)", "7: token.user.redirect_uris: unknown key; did you mean \"redirect_uri\"?"),
    ])
    func `redirect URIs are written as one string or several`(lines: String, problem: String) throws {
        #expect(try problems(lines) == ["portal.toml:" + problem])
    }

    @Test func `LOOP-06 each server has an address of its own for its answers`() throws {
        let house = try ConfigurationHouse()
        func write(_ name: String, _ issuer: String, _ path: String) throws {
            try house.write(
                "apps.d/\(name).toml",
                """
                issuer = "https://\(issuer).example.com"
                client.id = "app"
                [token.user]
                grant = "authorization_code"
                redirect_uri = "http://127.0.0.1:53177/\(path)"
                scopes = ["offline_access"]
                \(Self.allow)
                """)
        }
        try write("a", "one", "cb")
        try write("b", "one", "cb")
        try write("c", "two", "other")
        #expect(house.problems() == [])
        try write("c", "two", "cb")
        #expect(
            house.problems() == [
                "c.toml:5: warning: token.user.redirect_uri: answers of another server arrive there too (a.user); register another path here, "
                    + "so that one server's answer cannot be passed off as the other's"
            ])
    }

    // MARK: the other keys

    @Test(arguments: [
        ("response_type = \"token\"", "response_type: must be \"code\" or \"code id_token\", not \"token\""),
        (
            "prompt = \"none\"",
            "prompt: \"none\" shows no page, and whoever signs in must see one; use \"login\", \"consent\" or \"select_account\", or leave it out"
        ),
        (
            "prompt = \"login none\"",
            "prompt: \"none\" shows no page, and whoever signs in must see one; use \"login\", \"consent\" or \"select_account\", or leave it out"
        ),
        ("prompt = \"login  consent\"", "prompt: must be words such as \"login\", with one blank between two"),
        ("prompt = \"é\"", "prompt: must be words such as \"login\", with one blank between two"),
        ("prompt = \"\"", "prompt: must not be empty"),
        ("login_hint = \"a\\nb\"", "login_hint: must be one line of at most 256 bytes"),
        ("login_hint = \"\(String(repeating: "x", count: 257))\"", "login_hint: must be one line of at most 256 bytes"),
        ("login_hint = 1", "login_hint: must be a string, not a number"),
        ("max_age = -1", "max_age: must be 0 to 31536000 seconds, not -1"),
        ("narrow = 1", "narrow: must be true or false, not a number"),
        ("refresh_dies_with_token = 1", "refresh_dies_with_token: must be true or false, not a number"),
        ("refresh_lifetime = 59", "refresh_lifetime: must be 60 to 315360000 seconds, not 59"),
        ("refresh_lifetime = 315360001", "refresh_lifetime: must be 60 to 315360000 seconds, not 315360001"),
        ("refresh_idle = 59", "refresh_idle: must be 60 to 315360000 seconds, not 59"),
        ("refresh_idle = 7201\nrefresh_lifetime = 7200", "refresh_idle: 7201 is more than refresh_lifetime allows (7200); lower it or leave it out"),
        (
            "refresh_idle = 7200\nrefresh_dies_with_token = true",
            "refresh_idle: has no meaning beside refresh_dies_with_token = true, by which it ends with each access token; remove one of the two"
        ),
        ("value = { file = \"/x\" }", "value: belongs to grant \"reference\"; authorization_code has no use for it, so remove it"),
        ("expires = \"never\"", "expires: belongs to grant \"reference\"; authorization_code has no use for it, so remove it"),
        ("probe = {}", "probe: belongs to grant \"reference\"; authorization_code has no use for it, so remove it"),
        ("keep = \"forever\"", "keep: must be \"on-demand\" or \"always\", not \"forever\""),
    ])
    func `each fault is told with its line, key and remedy`(lines: String, problem: String) throws {
        #expect(try problems(lines + "\n" + Self.redirect) == ["portal.toml:7: token.user." + problem])
    }

    @Test(arguments: ["keep = \"always\"", "audiences = [\"https://api.example.com\"]", "prompt = \"login create\"", "max_age = 0", "login_hint = \"Пенка\""])
    func `what a sign-in may have is taken`(line: String) throws {
        #expect(try problems(line + "\n" + Self.redirect) == [])
    }

    @Test(arguments: [
        ("response_type = \"code id_token\"", "response_type: needs \"openid\" in scopes: without it the server gives no ID token"),
        ("max_age = 60", "max_age: needs \"openid\" in scopes: only an ID token tells when the person signed in"),
    ])
    func `what only an ID token can tell needs openid`(line: String, problem: String) throws {
        #expect(try problems(line + "\n" + Self.redirect, scopes: "[\"read\", \"offline_access\"]") == ["portal.toml:7: token.user.\(problem)"])
        #expect(try problems(line + "\n" + Self.redirect) == [])
    }

    @Test func `AC-25 without offline access a person must sign in again and again`() throws {
        let warning =
            "warning: token.user.scopes: \"offline_access\" is not among them, so most servers give no refresh token, and the person must sign in again "
            + "whenever an access token has ended; add it"
        #expect(try problems(Self.redirect, scopes: "[\"openid\", \"read\"]") == ["portal.toml:9: " + warning])
        let house = try ConfigurationHouse()
        try house.write(
            "apps.d/portal.toml",
            "issuer = \"https://id.example.com\"\nclient.id = \"a\"\n[token.user]\ngrant = \"authorization_code\"\n\(Self.redirect)\(Self.allow)")
        #expect(house.problems() == ["portal.toml:3: " + warning], "none at all are too few")
        #expect(try problems(Self.redirect, scopes: "[\"re ad\"]").count == 1, "bad ones are blamed once")
    }

    @Test func `a narrower token is had by a refresh, or not at all`() throws {
        let found = try problems("narrow = true\n" + Self.redirect, scopes: "[\"openid\", \"read\"]")
        #expect(
            found.first
                == "portal.toml:7: warning: token.user.narrow: \"offline_access\" is not in scopes: at many servers a refresh for fewer scopes then "
                + "brings no further refresh token; add it where the server knows it")
        #expect(found.count == 2)

        let allow = "allow = [ { user = \"alice\", login = true, scopes = [\"read\"] } ]"
        let scopes = "[\"openid\", \"read\", \"update\", \"offline_access\"]"
        #expect(
            try problems(Self.redirect, scopes: scopes, allow: allow) == [
                "portal.toml:10: warning: token.user.allow[0].scopes: leaves out \"update\", which the token of the sign-in has, so this caller is refused; "
                    + "write narrow = true in the token to have a narrower one asked for"
            ])
        #expect(try problems("narrow = true\n" + Self.redirect, scopes: scopes, allow: allow) == [])
        #expect(try problems(Self.redirect, allow: allow) == [], "openid and offline_access are of no use to an API")
    }

    @Test func `somebody should be able to sign in`() throws {
        #expect(
            try problems(Self.redirect, allow: "allow = [ { user = \"alice\" } ]") == [
                "portal.toml:10: warning: token.user.allow: nobody may sign in; add login = true to an entry"
            ])
        #expect(
            try problems(Self.redirect, allow: "") == [
                "portal.toml:5: warning: token.user: nobody may ask for it; add allow = [ { unit = \"…\" } ] or such"
            ])
    }

    @Test func `LOG-01 a redirect URI is not repeated, for it may hold a password`() throws {
        #expect(try !problems("redirect_uri = \"http://u:hunter2@127.0.0.1:53177/\"").joined().contains("hunter2"))
    }
}
