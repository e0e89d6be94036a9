"""What a maintainer runs now and then: no part of the tap, and of no use to those who run it."""
