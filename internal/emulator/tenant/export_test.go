package tenant

// Remembered counts what a cloud keeps: the versions of all objects, and the keys by which they are found.
func (c *Cloud) Remembered() (versions, keys int) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, o := range c.objects {
		versions += len(o.versions)
	}
	for _, found := range c.index {
		keys += len(found)
	}
	return versions, keys
}
