internal import TokenControl

runTokenctl()
