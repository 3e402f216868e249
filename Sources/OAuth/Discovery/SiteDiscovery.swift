internal import Codecs

/// ERP.net's site auto-discovery: finds the Identity site among the web sites of an instance.
struct SiteDiscovery {
    /// The two paths at which the service exists. ERP.net's own client tries the first one first.
    private enum Path: String, CaseIterable {
        case sys = "/sys/auto-discovery"
        case tools = "/tools/auto-discovery"
    }

    private let root: String
    private let issuer: String?
    private var path = Path.sys

    init(root: String, issuer: String?) {
        self.root = root
        self.issuer = issuer
    }

    func url() throws(ExchangeFailure) -> String {
        let root = try HTTPSURL.configured(root, as: "erpnet")
        return root.origin + (root.path.hasSuffix("/") ? String(root.path.dropLast()) : root.path) + path.rawValue
    }

    /// The instance whose web sites are listed at this URL. `nil` if the URL has another form.
    static func root(ofDiscoveryAt address: String) -> String? {
        guard let url = try? HTTPSURL(address), let path = Path.allCases.first(where: { url.path.hasSuffix($0.rawValue) }) else { return nil }
        return url.origin + url.path.dropLast(path.rawValue.count)
    }

    /// The discovery at the second path, after the first was not found.
    var next: SiteDiscovery? {
        guard path == .sys else { return nil }
        var next = self
        next.path = .tools
        return next
    }

    /// The issuer whose metadata to fetch. The Identity site must be on the instance's host, or be the configured one. Otherwise an attacker who can
    /// change this response could choose where the client secret is sent.
    func identity(in document: JSONObject) throws(ExchangeFailure) -> String {
        let site = try identitySite(in: document)
        guard let text = site.text("Url") else { throw .configuration("the Identity site of '\(root)' has no address") }
        if let issuer {
            guard text.withoutFinalSlash.isExactly(issuer.withoutFinalSlash) else {
                throw .configuration("'\(root)' says that its Identity site is '\(text.shown())', the configuration says '\(issuer)'; correct 'issuer'")
            }
            return issuer
        }
        let url = try Self.address(text, root)
        guard url.isOnSameHost(as: try HTTPSURL.configured(root, as: "erpnet")) else {
            throw .configuration("the Identity site of '\(root)' is on another host, '\(url)'; write it as 'issuer' if that is meant")
        }
        return text
    }

    private static func address(_ text: String, _ root: String) throws(ExchangeFailure) -> HTTPSURL {
        do throws(HTTPSURL.Problem) {
            return try HTTPSURL(text)
        } catch {
            throw .configuration("the address '\(text.shown())' of the Identity site of '\(root)' \(error)")
        }
    }

    /// Several sites may have this type: the first that is not reported as down. Unknown types and states are ignored.
    private func identitySite(in document: JSONObject) throws(ExchangeFailure) -> JSONObject {
        guard case .array(let values)? = document["WebSites"] else {
            throw .configuration("the auto-discovery of '\(root)' lists no web sites")
        }
        let sites = values.compactMap { value -> JSONObject? in
            guard case .object(let site) = value, site.text("Type") == "ID" else { return nil }
            return site
        }
        if let site = sites.first(where: { $0.text("Status") != "NotWorking" }) { return site }
        guard sites.isEmpty else {
            throw ExchangeFailure(law: .answered(retryAfter: nil), reach: .credential, text: "the Identity site of '\(root)' is not working")
        }
        throw .configuration("the auto-discovery of '\(root)' lists no Identity site")
    }
}

extension String {
    var withoutFinalSlash: String { hasSuffix("/") ? String(dropLast()) : self }
}
