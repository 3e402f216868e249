@testable import Curl
import Testing

@Suite(.timeLimit(.minutes(3))) struct `Addresses of the open Internet` {
    @Test(arguments: [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255",
        "192.168.1.1", "224.0.0.1", "255.255.255.255", "::", "::1", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "fc00::1", "fdff::1", "fe80::1",
        "fec0::1", "ff02::1",
    ])
    func `NET-12 a private address is known as one`(text: String) throws {
        #expect(try #require(InternetAddress(text)).isPrivate)
    }

    @Test(arguments: [
        "1.1.1.1", "9.255.255.255", "11.0.0.1", "100.63.0.1", "100.128.0.1", "128.0.0.1", "169.253.0.1", "172.15.0.1", "172.32.0.1", "192.167.0.1",
        "223.255.255.255", "2001:db8::1", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2606:4700::1111", "fe00::1",
    ])
    func `NET-12 a public address is known as one`(text: String) throws {
        #expect(try !#require(InternetAddress(text)).isPrivate)
    }

    @Test(arguments: ["", "localhost", "1.2.3", "1.2.3.4.5", "[::1]", "fe80::1%eth0", "::g"])
    func `what is no address is none`(text: String) {
        #expect(InternetAddress(text) == nil)
    }
}
