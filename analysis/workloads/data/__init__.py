"""The data a user has, read with suspicion and cut into three disjoint parts."""
