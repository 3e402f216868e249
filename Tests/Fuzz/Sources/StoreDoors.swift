internal import Glibc
@testable internal import OpenSSL
internal import Secrets
@testable internal import Systemd
@testable internal import TokenAudit
internal import TokenConfiguration
@testable internal import TokenDaemon
@testable internal import TokenLedger
@testable internal import TokenStore
internal import TokenWire

extension Door {
    /// What lies in the store's folder: names, sealed files, and what is in them.
    static let record = Door(name: "record") { bytes in
        var input = Input(bytes)
        switch input.choice(6) {
        case 0, 1:
            guard let record = try? StoredRecord(bytes: Secret(copying: input.rest)) else { return }
            must((try? record.bytes()) == Secret(copying: input.rest), "a record that was read would be written as the same bytes")
        case 2:
            guard let intent = try? Intent(bytes: Secret(copying: input.rest)) else { return }
            must((try? intent.bytes()) == Secret(copying: input.rest), "an intent that was read would be written as the same bytes")
        case 3:
            _ = StoreFileName(input.rest.text)
            _ = try? SealingKeyText.key(Secret(copying: input.rest))
        case 4:
            checkNotOpened(input.rest, by: sealer)
        default:
            checkSealing(&input, by: sealer)
        }
    }

    /// What outlives the process in memory that others may have written to.
    static let kept = Door(name: "kept") { bytes in
        var input = Input(bytes)
        switch input.byte() {
        case ..<100:
            guard let token = try? KeptToken(bytes: Secret(copying: input.rest)) else { return }
            guard let written = try? token.bytes(), let again = try? KeptToken(bytes: written) else {
                return must(false, "a kept token that was read can be written and read again")
            }
            must(again.key == token.key && again.held.token == token.held.token && again.terms == token.terms, "a kept token stays what it is")
            _ = token.held.resumed(at: Moment(boot: Int64(truncatingIfNeeded: input.rest.count) << 40, wall: 1_790_000_000))
        case ..<250:
            guard let entry = AuditEntry(bytes: input.rest) else { return }
            let written = entry.bytes(atMost: 512)
            must(written.count <= 512, "an entry keeps to its room")
            guard let again = AuditEntry(bytes: written) else { return must(false, "an entry that was written can be read") }
            must(again.bytes(atMost: 512) == written, "an entry stays what it is")
        // each of these makes memory of the kernel, which takes a hundred times as long
        case 250...251: readCounts(&input)
        case 252...253: readSlots(&input)
        default: readTokens(&input)
        }
    }
}

private let sealer: StoreSealer = {
    guard let key = try? SealingKey(Secret("0123456789abcdef0123456789abcdef")) else {
        must(false, "there is a key")
        return StoreSealer(keys: SealingKeys(present: nil), machine: nil, admitted: .any)
    }
    return StoreSealer(keys: SealingKeys(present: key), machine: MachineID([UInt8](1...16)), admitted: .these([]))
}()

private func checkNotOpened(_ bytes: UnsafeRawBufferPointer, by sealer: StoreSealer) {
    for (purpose, name) in [(SealedPurpose.record, "portal.user"), (.token, "portal.user")] {
        do throws(StoreSealer.Refusal) {
            must(try sealer.open(bytes, purpose, of: name) == nil, "what was not sealed does not open")
        } catch {
            must(error.reason.isPlain, "why a file does not open is one line")
        }
    }
    _ = StoreSealer.name(in: bytes)
}

/// Sealed and opened again; then one byte is changed.
private func checkSealing(_ input: inout Input, by sealer: StoreSealer) {
    let (place, change) = (Int(input.byte()) << 8 | Int(input.byte()), input.byte())
    let content = Secret(copying: input.rest)
    guard var sealed = try? sealer.seal(content, .record, of: "portal.user") else { return must(false, "everything can be sealed") }
    must(sealed.count <= content.count + StoreSealer.overhead, "what is sealed is only so much longer")
    let opened = sealed.withUnsafeBytes { bytes in (try? sealer.open(bytes, .record, of: "portal.user"))?.content }
    must(opened == content, "what was sealed opens")
    guard change != 0 else { return }
    sealed[place % sealed.count] ^= change
    let changed = sealed.withUnsafeBytes { bytes in (try? sealer.open(bytes, .record, of: "portal.user"))?.content }
    must(changed == nil, "what was changed does not open")
}

// MARK: memory

/// Bytes here and there in memory of a kind, as some process may have left them: as they are, or sealed.
private func memory(_ beginning: [UInt8], _ input: inout Input, sealing: (Secret) -> [UInt8]? = { _ in nil }) -> FDStoreMemory? {
    guard let memory = try? FDStoreMemory("fuzz"), (try? memory.write(beginning, at: 0)) != nil else { return nil }
    while !input.rest.isEmpty {
        let (place, kind) = (Int(input.byte()) << 8 | Int(input.byte()), input.byte())
        let bytes = input.part(upTo: 0x0A)
        let written = kind & 2 != 0 ? sealing(Secret(copying: bytes)) ?? [] : Array(bytes)
        guard (try? memory.write(written, at: 4096 + (kind & 1 != 0 ? place << 6 : place % 512))) != nil else { return nil }
    }
    return memory
}

private func readCounts(_ input: inout Input) {
    guard let memory = memory(Array("tokendct".utf8) + [0, 0, 0, 1], &input) else { return }
    _ = KeptCounts.leftovers(in: memory)
}

private func readSlots(_ input: inout Input) {
    let size = withUnsafeBytes(of: UInt32(SealedMemory.slot).bigEndian) { Array($0) }
    guard let memory = memory(Array("tokendmm".utf8) + [0, 0, 0, 1] + size, &input, sealing: { try? sealer.seal($0, .memory, of: "portal.user") }),
        let sealed = try? SealedMemory(memory, sealer: sealer)
    else { return }
    for (name, content) in sealed.all() {
        must(name == "portal.user", "only what was sealed opens")
        _ = try? StoredRecord(bytes: content)
    }
}

private func readTokens(_ input: inout Input) {
    let boot = [UInt8](repeating: 7, count: BootID.length)
    let sealing = { (content: Secret) -> [UInt8]? in
        guard let sealed = try? sealer.seal(content, .token, of: "portal.sync") else { return nil }
        return withUnsafeBytes(of: UInt32(sealed.count).bigEndian) { Array($0) } + sealed
    }
    guard let memory = memory(Array("tokendat".utf8) + [0, 0, 0, 1] + boot, &input, sealing: sealing),
        let tokens = try? TokenMemory(memory, sealer: sealer, boot: BootID(boot), keep: { _ in true })
    else { return }
    for token in tokens.take() {
        must(token.key.token.description == "portal.sync", "only what was sealed opens")
        try? tokens.put(token)
    }
}
