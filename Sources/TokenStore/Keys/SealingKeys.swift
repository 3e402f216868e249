internal import OpenSSL
internal import Secrets
internal import TokenConfiguration
internal import TokenLedger

/// The keys of the store: one seals and opens, any number of older ones only open.
///
/// The present key is, in this order: what the configuration names (`[store] key`), the credential `store-key`, the key file. The others of
/// these that are there, and every credential `store-key.*`, still open: a key is changed by giving the new one as `store-key` and the old one
/// as `store-key.old` until all records are sealed anew.
struct SealingKeys: Sendable {
    /// `nil`: nothing can be sealed, for the reason in `absence`.
    private(set) var present: SealingKey?
    private(set) var absence = ""
    private var keys: [SealingKey.ID: SealingKey] = [:]
    /// What an operator should know: the key file was made, or an old key is of no use.
    private(set) var notes: [String] = []

    init(present: SealingKey?, older: [SealingKey] = [], absence: String = "there is no key to seal the store with") {
        self.present = present
        self.absence = present == nil ? absence : ""
        for key in older + [present].compactMap({ $0 }) { keys[key.id] = key }
    }

    /// Those of this process. A present key that is no key is refused: sealing with another one would be a surprise.
    ///
    /// - Parameter mayMakeKey: no record exists that a missing key could open; then a key file is made where nothing else is given.
    init(configured: Secret?, sources: SecretSources, file: SealingKeyFile, mayMakeKey: Bool) throws(Complaint) {
        var older: [SealingKey] = []
        var given: [SealingKey] = []
        if let configured { given.append(try Self.key(configured, of: "[store] key")) }
        if let key = try Self.credential(SecretSources.storeKey, sources) { given.append(key) }
        var notes: [String] = []
        do throws(Complaint) {
            if let key = try file.read() { given.append(key) }
        } catch {
            guard !given.isEmpty else { throw error }
            notes.append("an old key is passed over: \(error.text)")
        }
        for id in sources.credentials(startingWith: SecretSources.storeKey + ".") {
            do throws(Complaint) {
                if let key = try Self.credential(id, sources) { older.append(key) }
            } catch {
                notes.append("an old key is passed over: \(error.text)")
            }
        }
        var absence = "there are records but no key to seal more: give the credential \(quoted(SecretSources.storeKey)) or put back '\(file.path)'"
        if given.isEmpty, mayMakeKey {
            do throws(Complaint) {
                given = [try file.make()]
                notes.append(
                    "made the key '\(file.path)' for the store; a copy of the disk has it too, so the credential \(quoted(SecretSources.storeKey)) protects more"
                )
            } catch {
                // what needs no store is served all the same
                absence = "\(error.text); give the credential \(quoted(SecretSources.storeKey))"
                notes.append(absence)
            }
        }
        self.init(present: given.first, older: older + given.dropFirst(), absence: absence)
        self.notes = notes
    }

    /// The key that opens something; `nil` if it is not here.
    subscript(id: SealingKey.ID) -> SealingKey? { keys[id] }

    /// `nil` if there is no such credential.
    private static func credential(_ id: String, _ sources: SecretSources) throws(Complaint) -> SealingKey? {
        guard sources.has(credential: id), let file = try sources.opened(credential: id) else { return nil }
        return try key(try file.content(atMost: SealingKeyText.longest), of: "the credential \(quoted(id))")
    }

    static func key(_ content: Secret, of place: String) throws(Complaint) -> SealingKey {
        do throws(Complaint) {
            return try sealingKey(try SealingKeyText.key(content))
        } catch {
            throw Complaint("\(place) \(error.text)")
        }
    }
}

func sealingKey(_ bytes: Secret) throws(Complaint) -> SealingKey {
    do throws(OpenSSLError) { return try SealingKey(bytes) } catch { throw Complaint("cannot be used: \(error)") }
}
