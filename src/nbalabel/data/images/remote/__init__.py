"""Pictures that lie elsewhere: what may be fetched, how, what is kept on disk, what is fetched ahead."""
