extension Identity {
    /// Site auto-discovery. `path` selects one of its two paths, which may be switched off.
    func autoDiscovery(_ request: Request, path: Knobs.Switch) -> Reply {
        switch path {
        case .off: .page("404 Not Found", status: 404)
        case .on: .json(siteDirectory(request.site))
        }
    }

    private func siteDirectory(_ site: Site) -> JSON {
        let sites: JSON = .array([identitySite(site), profileSite(site), domainAPISite(site), futureSite(site)].compactMap(\.self))
        return switch knobs.autoDiscoveryShape {
        case .old: ["WebSites": sites]
        case .new: ["Host": .string(site.host), "DbName": .string(database), "WebSites": sites]
        }
    }

    private func identitySite(_ site: Site) -> JSON? {
        let url =
            switch knobs.idURL {
            case "own": site.issuer
            case "absent": nil as String?
            default: knobs.idURL
            }
        return url.map {
            [
                "Type": "ID", "Status": .string(knobs.idStatus.rawValue), "StatusDescription": "",
                "Url": .string($0), "System": true,
            ]
        }
    }

    private func profileSite(_ site: Site) -> JSON {
        ["Type": "UserProfile", "Status": "Working", "Url": .string(site.root + "/profile"), "System": true]
    }

    private func domainAPISite(_ site: Site) -> JSON {
        let entry: JSON = ["Type": "DomainAPI", "Status": "Working", "Url": .string(site.root + "/api"), "System": false]
        return switch knobs.odataRoot {
        case .on: entry.appending("AdditionalProperties", ["ODataServiceRoot": .string(site.apiRoot)])
        case .off: entry
        }
    }

    /// A type that no client knows.
    private func futureSite(_ site: Site) -> JSON {
        ["Type": "FutureThing", "Status": "Unknown", "Url": .string(site.root + "/future")]
    }
}
