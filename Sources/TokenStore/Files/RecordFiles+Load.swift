internal import OpenSSL
internal import Secrets
internal import Systemd
internal import TokenConfiguration
package import TokenLedger
internal import TokenWire

/// Everything that the store held when the daemon started.
package struct StoreContents: Sendable {
    package var found: [Found] = []
    /// What the operator should know, a line each.
    package var notes: [String] = []
    /// Records that open, but are to be sealed anew.
    var old: [TokenName] = []
}

extension RecordFiles {
    /// The files of one name.
    private struct Files {
        var hasRecord = false
        var hasNext = false
        var fresh: [String] = []
    }

    /// Reads everything and completes what the end of the last daemon interrupted: a successor that is whole becomes the record.
    mutating func load(at second: Int64) throws(SystemError) -> StoreContents {
        var contents = StoreContents()
        var files: [TokenName: Files] = [:]
        var revocations: [RevocationKey] = []
        for text in try folder.names() {
            switch StoreFileName(text) {
            case .record(let name): files[name, default: Files()].hasRecord = true
            case .next(let name): files[name, default: Files()].hasNext = true
            case .fresh(let name): files[name, default: Files()].fresh.append(text)
            case .aside: break
            case .revocation(let key): revocations.append(key)
            case .stranger: contents.notes.append("'\(folder.path)' has \(quoted(text)), which is ignored: it is no file of tokend")
            }
        }
        let reader = RecordFileReader(folder: folder, sealer: sealer)
        var isChanged = false
        for name in files.keys.sorted() {
            guard let own = files[name] else { continue }
            isChanged = load(name, own, reader, into: &contents, at: second) || isChanged
        }
        load(revocations, reader, into: &contents)
        contents.notes += reader.notes
        // what is read is good whether or not this lasts: without it the next start does the same once more
        if isChanged { do { try folder.sync() } catch { contents.notes.append("\(error)") } }
        return contents
    }

    /// One that cannot be read stays as it is, for a version or a key that can.
    private mutating func load(_ revocations: [RevocationKey], _ reader: RecordFileReader, into contents: inout StoreContents) {
        for key in revocations {
            switch reader.revocation(key) {
            case .nothing: break
            case .unreadable(let reason):
                contents.notes.append("'\(folder.shown(key.file))': \(reason); its refresh token is not revoked before it can be read")
            case .whole(let found):
                contents.found.append(.revocation(found.revocation))
                guard found.isOld else { continue }
                oldRevocations[key.name, default: []].append(found.revocation)
                contents.old.append(key.name)
            }
        }
    }

    /// True if the folder was changed.
    private mutating func load(
        _ name: TokenName, _ files: Files, _ reader: RecordFileReader, into contents: inout StoreContents, at second: Int64
    ) -> Bool {
        let present = files.hasRecord ? reader.read(name.recordFile, of: name, hasIntent: false).record : .nothing
        var next = files.hasNext ? reader.read(name.nextFile, of: name, hasIntent: true) : RecordFileReader.Reading()
        var isChanged = false
        if let successor = newest([next.record] + files.fresh.map { reader.read($0, of: name, hasIntent: false).record }, than: present) {
            let (notes, isDurable) = complete(name, successor, over: present, files, at: second)
            contents.notes += notes
            contents.found.append(isDurable ? .record(successor.record, nil) : .unsynced(successor.record))
            if successor.isOld, isDurable { contents.old.append(name) }
            return true
        }
        if case .unreadable = next.record { spoiled.insert(name) }
        switch present {
        case .unreadable(let reason):
            leftovers[name] = files.fresh
            lock(name, reason, &contents)
            return false
        case .nothing:
            // only what was never finished
            isChanged = remove(files.fresh)
            guard files.hasNext else { return isChanged }
            if case .unreadable(let reason) = next.intent {
                lock(name, reason, &contents)
                return isChanged
            }
            contents.notes.append("'\(folder.shown(name.nextFile))' is removed: it announces the use of a record that is not there")
            return remove([name.nextFile]) || isChanged
        case .whole(let found):
            isChanged = remove(files.fresh)
            if case .unreadable(let reason) = next.intent {
                contents.notes.append(
                    "'\(folder.shown(name.nextFile))': \(reason); its token counts as sent twice, so that it is not sent once too often")
                next.intent = .whole(
                    Intent(
                        grant: found.record.grant, generation: found.record.generation, attempt: 2,
                        token: Fingerprint(of: found.record.secret), sent: next.modified))
            }
            var intent: Intent?
            if case .whole(let begun) = next.intent { intent = begun }
            if let begun = intent, begun.generation > found.record.generation {
                lock(name, "it is older than what was last done with it: a copy from before was put back", &contents)
                return isChanged
            }
            if let begun = intent, begun.generation < found.record.generation {
                intent = nil
                isChanged = remove([name.nextFile]) || isChanged
            }
            if found.isOld || next.isIntentOld { contents.old.append(name) }
            contents.found.append(.record(found.record, intent))
            return isChanged
        }
    }

    private func newest(
        _ candidates: [RecordFileReader.Part<RecordFileReader.Whole>], than present: RecordFileReader.Part<RecordFileReader.Whole>
    )
        -> RecordFileReader.Whole?
    {
        var newest: RecordFileReader.Whole?
        var generation: UInt64?
        if case .whole(let present) = present { generation = present.record.generation }
        for case .whole(let candidate) in candidates where generation.map({ candidate.record.generation > $0 }) ?? true {
            (newest, generation) = (candidate, candidate.record.generation)
        }
        return newest
    }

    /// Into a new file: what lies in the old one may be in the kernel's memory only, after a failed sync that nobody remembers.
    private mutating func complete(
        _ name: TokenName, _ successor: RecordFileReader.Whole, over present: RecordFileReader.Part<RecordFileReader.Whole>, _ files: Files,
        at second: Int64
    ) -> (notes: [String], isDurable: Bool) {
        do {
            if case .unreadable(let reason) = present {
                locked[name] = reason
                try moveAside(name, at: second)
                locked[name] = nil
            }
            leftovers[name] = files.fresh
            try take(try writeFresh(successor.record, successor.sealed), for: name)
            return ([endAside(name)].compactMap { $0 }, true)
        } catch {
            // whoever writes it again moves aside what is still in the way
            spoiled.insert(name)
            return (["\(StoreFault(of: error)); the last renewal of \(quoted(name.description)) is written again before it is used"], false)
        }
    }

    private mutating func lock(_ name: TokenName, _ reason: String, _ contents: inout StoreContents) {
        locked[name] = reason
        contents.found.append(.locked(name, reason: reason))
    }

    private func remove(_ files: [String]) -> Bool {
        for file in files { try? folder.remove(file) }
        return !files.isEmpty
    }

    /// Seals a record under the present key that was sealed with an older one, and its intent too. False if there was nothing to do.
    mutating func reseal(_ name: TokenName) throws(StoreFault) -> Bool {
        do {
            let isAnyOld = try resealRevocations(of: name)
            let reader = RecordFileReader(folder: folder, sealer: sealer)
            guard locked[name] == nil, case .whole(let found) = reader.read(name.recordFile, of: name, hasIntent: false).record else { return isAnyOld }
            let next = reader.read(name.nextFile, of: name, hasIntent: true)
            if found.isOld {
                let fresh = try writeFresh(found.record, try sealed(found.record))
                try folder.rename(fresh, to: name.recordFile)
                leftovers[name]?.removeAll { $0 == fresh }
            }
            if next.isIntentOld, case .whole(let intent) = next.intent, case .nothing = next.record { try prepare(name, try sealed(intent, of: name)) }
            return isAnyOld || found.isOld || next.isIntentOld
        } catch {
            throw StoreFault(of: error)
        }
    }

    private mutating func resealRevocations(of name: TokenName) throws -> Bool {
        let old = oldRevocations.removeValue(forKey: name) ?? []
        for revocation in old { try write(revocation) }
        return !old.isEmpty
    }
}
