internal import Glibc
internal import Systemd
internal import TokenWire

/// The folder of the records, kept open: its files are named relative to it.
///
/// Every fault says what was attempted and on which file.
final class StoreFolder: Sendable {
    let path: String
    let steps: StoreSteps
    private let descriptor: Int32

    /// Makes it (0700) if it is missing. Must belong to this user alone.
    init(_ path: String, steps: StoreSteps) throws(SystemError) {
        self.path = path
        self.steps = steps
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw SystemError("cannot make the folder '\(path)'", errno: errno) }
        descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw SystemError("cannot open the folder '\(path)'", errno: errno) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_uid == geteuid(), facts.st_mode & 0o077 == 0 else {
            throw SystemError("the folder '\(path)' must be of uid \(geteuid()) with mode 0700", errno: EPERM)
        }
    }

    deinit { Glibc.close(descriptor) }

    /// All names in it but "." and "..", in no order.
    func names() throws(SystemError) -> [String] {
        // a descriptor of its own: where a listing stands is shared by all copies of one
        let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let listing = fdopendir(copy) else { throw SystemError("cannot list the folder '\(path)'", errno: errno) }
        defer { closedir(listing) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw SystemError("cannot list the folder '\(path)'", errno: errno) }
        return names
    }

    /// A new file (0600); `nil` if one of that name exists.
    func create(_ name: String) throws(SystemError) -> StoreFile? {
        do throws(SystemError) {
            let file = try check(.create, name) { openat(descriptor, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600) }
            return StoreFile(file, path: shown(name), steps: steps)
        } catch {
            guard error.errno == EEXIST else { throw error }
            return nil
        }
    }

    /// `nil` if there is none.
    func open(_ name: String, forWriting: Bool = false) throws(SystemError) -> StoreFile? {
        do throws(SystemError) {
            let mode = forWriting ? O_RDWR : O_RDONLY
            let file = try check(.open, name) { openat(descriptor, name, mode | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY) }
            return StoreFile(file, path: shown(name), steps: steps)
        } catch {
            guard error.errno == ENOENT else { throw error }
            return nil
        }
    }

    func exists(_ name: String) -> Bool { faccessat(descriptor, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 }

    /// Takes the place of a file of the new name.
    func rename(_ old: String, to new: String) throws(SystemError) {
        try check(.rename, new) { renameat(descriptor, old, descriptor, new) }
    }

    /// A second name for a file. False if it is taken.
    func link(_ name: String, as second: String) throws(SystemError) -> Bool {
        do throws(SystemError) {
            try check(.link, second) { linkat(descriptor, name, descriptor, second, 0) }
            return true
        } catch {
            guard error.errno == EEXIST else { throw error }
            return false
        }
    }

    /// Nothing happens if it is not there.
    func remove(_ name: String) throws(SystemError) {
        do throws(SystemError) {
            try check(.unlink, name) { unlinkat(descriptor, name, 0) }
        } catch {
            guard error.errno == ENOENT else { throw error }
        }
    }

    /// What was made, renamed and removed in it is durable.
    func sync() throws(SystemError) {
        if let number = steps.failure(of: .fsync) { throw SystemError("cannot sync the folder '\(path)'", errno: number) }
        guard fsync(descriptor) == 0 else { throw SystemError("cannot sync the folder '\(path)'", errno: errno) }
    }

    /// The folder itself is durable, after it was made.
    func syncParent() throws(SystemError) {
        let parent = openat(descriptor, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        // one that may not be read was not made by this user, and its folder not now
        guard parent >= 0 else { return }
        defer { close(parent) }
        guard fsync(parent) == 0 else { throw SystemError("cannot sync the folder of '\(path)'", errno: errno) }
    }

    func shown(_ name: String) -> String { "\(path)/\(name)" }

    @discardableResult
    private func check(_ call: StoreSteps.Call, _ name: String, _ body: () -> Int32) throws(SystemError) -> Int32 {
        if let number = steps.failure(of: call) { throw SystemError("cannot \(call.words) '\(shown(name))'", errno: number) }
        let result = body()
        guard result >= 0 else { throw SystemError("cannot \(call.words) '\(shown(name))'", errno: errno) }
        return result
    }
}

/// A file of the store, open.
final class StoreFile {
    private let descriptor: Int32
    private let path: String
    private let steps: StoreSteps

    fileprivate init(_ descriptor: Int32, path: String, steps: StoreSteps) {
        self.descriptor = descriptor
        self.path = path
        self.steps = steps
    }

    deinit { close(descriptor) }

    struct Facts {
        var isRegular: Bool
        var owner: UInt32
        var mode: UInt32
        var size: Int
        /// Seconds since the epoch, within `Expiry.times`: a file may have been given any time.
        var modified: Int64
    }

    func facts() throws(SystemError) -> Facts {
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { throw SystemError("cannot look at '\(path)'", errno: errno) }
        return Facts(
            isRegular: facts.st_mode & S_IFMT == S_IFREG, owner: facts.st_uid, mode: facts.st_mode & 0o7777, size: Int(facts.st_size),
            modified: min(max(Int64(facts.st_mtim.tv_sec), Expiry.times.lowerBound), Expiry.times.upperBound))
    }

    func setMode(_ mode: UInt32) throws(SystemError) {
        guard fchmod(descriptor, mode) == 0 else { throw SystemError("cannot change the mode of '\(path)'", errno: errno) }
    }

    /// The file has room for as many bytes, and no other file can take it.
    func allocate(_ count: Int) throws(SystemError) {
        if let number = steps.failure(of: .allocate) { throw SystemError("cannot make room for '\(path)'", errno: number) }
        let number = posix_fallocate(descriptor, 0, count)
        guard number == 0 else { throw SystemError("cannot make room for '\(path)'", errno: number) }
    }

    func write(_ bytes: [UInt8], at offset: Int) throws(SystemError) {
        try bytes.withUnsafeBytes { bytes in Result { () throws(SystemError) in try write(bytes, at: offset) } }.get()
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemError) {
        if let number = steps.failure(of: .write) { throw SystemError("cannot write '\(path)'", errno: number) }
        var done = 0
        while done < bytes.count {
            let part = pwrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, offset + done)
            if part < 0, errno == EINTR { continue }
            guard part > 0 else { throw SystemError("cannot write '\(path)'", errno: part < 0 ? errno : EIO) }
            done += part
        }
    }

    func truncate(_ size: Int) throws(SystemError) {
        if let number = steps.failure(of: .truncate) { throw SystemError("cannot cut '\(path)'", errno: number) }
        guard ftruncate(descriptor, size) == 0 else { throw SystemError("cannot cut '\(path)'", errno: errno) }
    }

    /// Once for each file: after a failure the kernel may forget what it could not write and call the next attempt a success.
    func sync() throws(SystemError) {
        if let number = steps.failure(of: .fsync) { throw SystemError("cannot sync '\(path)'", errno: number) }
        guard fsync(descriptor) == 0 else { throw SystemError("cannot sync '\(path)'", errno: errno) }
    }

    /// As many bytes as there are, at most the room.
    func read(into room: UnsafeMutableRawBufferPointer, at offset: Int) throws(SystemError) -> Int {
        var count = 0
        while count < room.count {
            let part = pread(descriptor, room.baseAddress.map { $0 + count }, room.count - count, offset + count)
            if part < 0, errno == EINTR { continue }
            guard part >= 0 else { throw SystemError("cannot read '\(path)'", errno: errno) }
            if part == 0 { break }
            count += part
        }
        return count
    }
}

extension StoreSteps.Call {
    fileprivate var words: String {
        switch self {
        case .create: "create"
        case .open: "open"
        case .allocate: "make room for"
        case .write: "write"
        case .truncate: "cut"
        case .fsync: "sync"
        case .rename: "move a file to"
        case .link: "keep a copy as"
        case .unlink: "remove"
        }
    }
}
