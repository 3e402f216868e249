/// `40 s`, `12 min`, `5 h`, `3 d`: rounded down, so that it never promises more than there is.
package func roundedDuration(_ seconds: Int64) -> String {
    switch seconds {
    case ..<120: "\(seconds) s"
    case ..<7_200: "\(seconds / 60) min"
    case ..<172_800: "\(seconds / 3_600) h"
    default: "\(seconds / 86_400) d"
    }
}
