extension Identity {
    /// `app`, `app ID`, `app ID Attribute=value…`, `app add ID Attribute=value…`, `app remove ID`
    mutating func app(_ line: ControlLine) throws(ControlError) -> JSON {
        switch (line.words.first, line.words.count) {
        case (nil, _): return ["apps": .array(applications.map(\.attributes))]
        case ("add", 2): return try add(line.words[1], line.options)
        case ("remove", 2): return try removeApplication(line.words[1])
        case (let id?, 1): return try change(id, line.options)
        default: throw ControlError("app, app ID [Attribute=value]…, app add ID Attribute=value…, or app remove ID")
        }
    }

    private mutating func add(_ id: String, _ attributes: [ControlLine.Option]) throws(ControlError) -> JSON {
        guard application(id) == nil else { throw ControlError("\"\(id)\" is registered already") }
        var application = TrustedApplication(applicationUri: id)
        for attribute in attributes { try application.set(attribute.name, to: attribute.value) }
        applications.append(application)
        return ["app": application.attributes]
    }

    private mutating func change(_ id: String, _ attributes: [ControlLine.Option]) throws(ControlError) -> JSON {
        let index = try index(of: id)
        var application = applications[index]
        for attribute in attributes { try application.set(attribute.name, to: attribute.value) }
        if !application.isEnabled || application.clientType != applications[index].clientType { endGrants(of: id) }
        applications[index] = application
        return ["app": application.attributes]
    }

    private mutating func removeApplication(_ id: String) throws(ControlError) -> JSON {
        applications.remove(at: try index(of: id))
        endGrants(of: id)
        return [:]
    }

    /// Disabling, retyping or removing an application ends its refresh tokens.
    private mutating func endGrants(of id: String) {
        end(.applicationChange) { $0.client == id }
    }

    private func index(of id: String) throws(ControlError) -> Int {
        guard let index = applications.firstIndex(where: { $0.applicationUri == id }) else {
            throw ControlError("no application \"\(id)\"")
        }
        return index
    }
}
