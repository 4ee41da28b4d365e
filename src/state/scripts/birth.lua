return epochOf()
