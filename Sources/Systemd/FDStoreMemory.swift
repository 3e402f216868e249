internal import CShims
internal import Glibc
internal import Synchronization

/// Memory that outlives the process: systemd keeps its descriptor and gives it to the next one (sd_pid_notify_with_fds(3), `FDSTORE=1`). It
/// survives a restart and a crash, not a stop. Grows as it is written to and takes memory only where something was written.
///
/// Whoever is root can read it through systemd, and others may have put another one under its name: what is in it is to be sealed.
package final class FDStoreMemory: Sendable {
    private let descriptor: Int32
    private let name: String
    private let mapped = Mutex<[(address: UInt, count: Int)]>([])

    /// The one that systemd kept under a name; `nil` if there is none, or more than one.
    package static func inherited(_ name: String) -> FDStoreMemory? {
        let found = inheritedDescriptors(named: name).filter { fd in
            var facts = stat()
            return fstat(fd, &facts) == 0 && facts.st_mode & S_IFMT == S_IFREG
        }
        guard found.count == 1, let fd = found.first, fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 else { return nil }
        return FDStoreMemory(descriptor: fd, name: name)
    }

    /// A new one, empty, which this process alone knows until it is kept.
    package convenience init(_ name: String) throws(SystemError) {
        self.init(descriptor: try SystemError.check(tokend_memfd(name), "cannot make memory that outlives the process"), name: name)
    }

    private init(descriptor: Int32, name: String) {
        self.descriptor = descriptor
        self.name = name
    }

    deinit {
        mapped.withLock { for (address, count) in $0 { munmap(UnsafeMutableRawPointer(bitPattern: address), count) } }
        close(descriptor)
    }

    /// Asks systemd to keep it instead of any other of its name (`FileDescriptorStoreMax=`); `false` if there is nobody who could.
    package func store() -> Bool {
        guard NotifySocket.hasStore else { return false }
        // of two with one name the next process would take neither
        guard NotifySocket.send("FDSTOREREMOVE=1\nFDNAME=\(name)", .waitOnce) else { return false }
        return NotifySocket.send("FDSTORE=1\nFDNAME=\(name)", passing: descriptor, .waitOnce)
    }

    /// In bytes; of what is longer than any use of it, so much.
    package var size: Int {
        var facts = stat()
        return fstat(descriptor, &facts) == 0 ? min(Int(facts.st_size), FDStoreMemory.longest) : 0
    }

    /// 1 TiB. Whoever keeps it may have made it longer, which takes no memory.
    private static let longest = 1 << 40

    /// Bytes of memory that it takes, in whole pages.
    package var allocatedSize: Int {
        var facts = stat()
        return fstat(descriptor, &facts) == 0 ? Int(facts.st_blocks) * 512 : 0
    }

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let part = pwrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, offset + done)
            if part < 0, errno == EINTR { continue }
            guard part > 0 else { throw SystemError("cannot write to the memory that outlives the process", errno: part < 0 ? errno : EIO) }
            done += part
        }
    }

    /// Its first bytes as memory of this process, which grows to that if need be. Stays for as long as this lives.
    package func map(_ count: Int) throws(SystemError) -> UnsafeMutableRawPointer {
        if size < count, ftruncate(descriptor, count) != 0 { throw SystemError("cannot make room in the memory that outlives the process", errno: errno) }
        guard let start = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), start != MAP_FAILED else {
            throw SystemError("cannot map the memory that outlives the process", errno: errno)
        }
        mapped.withLock { $0.append((UInt(bitPattern: start), count)) }
        return start
    }

    /// As many bytes as there are, at most the room.
    package func read(into room: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        var count = 0
        while count < room.count {
            let part = pread(descriptor, room.baseAddress.map { $0 + count }, room.count - count, offset + count)
            if part < 0, errno == EINTR { continue }
            if part <= 0 { break }
            count += part
        }
        return count
    }

    /// Gives a part of it back; it reads as zeros.
    package func clear(_ range: Range<Int>) {
        _ = tokend_punch_hole(descriptor, Int64(range.lowerBound), Int64(range.count))
    }
}
